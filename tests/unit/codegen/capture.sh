#!/bin/sh
# A protoc plugin that keeps the request that it was sent: the tests' way to descriptors.
cat >"$GRILLE_CAPTURE"
