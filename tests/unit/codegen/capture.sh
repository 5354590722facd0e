#!/bin/sh
# A protoc plugin that keeps the request that it was sent: the tests' way to descriptors.
cat >"$GRILLE_CAPTURE"
# supported_features = 1: proto3 `optional`
printf '\020\001'
