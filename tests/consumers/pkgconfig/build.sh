#!/bin/sh
# Builds the consumer with nothing but a compiler and pkg-config: build.sh COMPILER PREFIX OUTPUT
set -eu
here=$(dirname "$0")
PKG_CONFIG_PATH=$(find "$2" -type d -name pkgconfig | head -n 1)
export PKG_CONFIG_PATH
# shellcheck disable=SC2046  # flags are words
"$1" -std=c++20 -Wall -Wextra "$here/../main.cpp" -o "$3" $(pkg-config --cflags --libs colonnade-fathom colonnade-faramesh colonnade-phoson colonnade-platos colonnade-tandem)
