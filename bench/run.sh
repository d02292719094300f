#!/usr/bin/env bash
# Measures everything and prints one Markdown report: bench/run.sh [build folder] [options].
#
#   --quick        a smoke run of less than a minute; its figures mean nothing
#   --write        also puts the report into docs/reference/benchmarks.md
#   --only a,b     latency runs wires reads fan-out socket-fan-out idle idle-sockets start sdk gate memory search
#                  context schedules jobs mcp kills
#   --rounds n     rounds whose medians are shown (3)
#   --kills n      how often the server is killed, under each load (200)
#   --baseline PROGRAM [--baseline-name COMMIT] [--pairs n]
#                  instead of all that: this server beside an older one, in n pairs (7) that take
#                  turns; fails when a figure is worse by more than 5 % in all of them. `./dev bench
#                  --against COMMIT` builds the older one first.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."

build=build/bench
if [ $# -gt 0 ] && [ -d "$1" ]; then
  build=$1
  shift
fi
server=$build/src/app/colonnade
[ -x "$server" ] || server=$build/colonnade
if [ ! -x "$server" ] || [ ! -x "$build/bench/colonnade_bench" ]; then
  echo "bench: $build holds no server and benchmarks; build the preset 'bench' first" >&2
  exit 1
fi
for program in /usr/sbin/nginx /usr/bin/wrk /usr/bin/strace; do
  if [ ! -x "$program" ]; then
    echo "bench: $program is missing; ./dev setup bench installs it" >&2
    exit 1
  fi
done

arguments=()
for argument in "$@"; do
  if [ "$argument" = --write ]; then
    arguments+=(--write docs/reference/benchmarks.md)
  else
    arguments+=("$argument")
  fi
done
exec "$build/bench/colonnade_bench" --server "$server" "${arguments[@]+"${arguments[@]}"}"
