#!/bin/sh
# Installs the SDK from a build folder into an empty prefix, then builds and runs the two consumers from
# scratch with each compiler: check.sh BUILD_DIR WORK_DIR COMPILER…
# With the first one alone unless COLONNADE_PEERS=all (`./dev peers`).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$1
work=$2
shift 2
rm -rf "$work"
mkdir -p "$work"
cmake --install "$build" --prefix "$work/prefix" --component sdk >"$work/install.log"
[ "${COLONNADE_PEERS:-}" = all ] || set -- "$1"
for compiler in "$@"; do
  if ! command -v "$compiler" >/dev/null; then
    echo "skipped: no $compiler"
    continue
  fi
  echo "cmake, $compiler"
  cmake -S "$here/cmake" -B "$work/cmake-$compiler" -DCMAKE_CXX_COMPILER="$compiler" \
    -DCMAKE_PREFIX_PATH="$work/prefix" >"$work/configure-$compiler.log"
  cmake --build "$work/cmake-$compiler" >"$work/build-$compiler.log"
  "$work/cmake-$compiler/consumer"
  echo "pkg-config, $compiler"
  "$here/pkgconfig/build.sh" "$compiler" "$work/prefix" "$work/pkgconfig-$compiler"
  "$work/pkgconfig-$compiler"
done
