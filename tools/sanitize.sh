#!/usr/bin/env bash
# sanitize.sh PRESET [REGEX]: builds everything with a sanitizer and runs the tests under it: unit, property,
# dialogue, scenario, the fuzz corpora, and whole systems whose daemons are that build.
#   PRESET  tsan: ThreadSanitizer; asan: AddressSanitizer, LeakSanitizer and UndefinedBehaviorSanitizer
#   REGEX   only the tests whose name matches, such as '^e2e\.' or reload
# Each report fails its test. What the sanitizers are told to leave out, and why: tools/sanitizers/*.supp.
# JOBS is how many tests run at once (default: one a processor). Takes an hour for each preset on two processors.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
case "${1:-}" in
  asan | tsan) preset=$1 ;;
  *) sed -n '2,9s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 2 ;;
esac
regex=${2:-.}
tools/packages.sh install build test
tools/peers.sh prepare
. tools/sanitizers/symbolizer.sh
cmake --preset "$preset"
cmake --build "build/$preset" -j "$(nproc)"
ctest --preset "$preset" -R "$regex" -j "${JOBS:-$(nproc)}" --no-tests=error
