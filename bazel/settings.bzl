"""Switches of the build."""

def _no_output(_ctx):
    return []

bool_flag = rule(
    implementation = _no_output,
    doc = "A switch of the command line, off or on; config_setting reads it.",
    build_setting = config.bool(flag = True),
)
