#!/bin/sh
# Made by `wavetank init`: what does your program do when the cloud refuses? The loop stands for it.
set -eu
attempt=1
until curl -sf "$SCRAMJET_HUB_URL/version" | grep -q '@scramjet/host'; do
  [ "$attempt" -lt 3 ] || exit 1
  attempt=$((attempt + 1))
done
