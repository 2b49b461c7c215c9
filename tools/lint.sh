#!/usr/bin/env bash
# lint.sh [FILE...]: clang-format-19 (as a check) and clang-tidy-19 on those files, or on what differs from
# the last commit, or with --all on everything. clang-tidy reads build/dev/compile_commands.json
# (LINT_BUILD names another build folder) and is left out when it is not there. --fix formats instead.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
build=${LINT_BUILD:-build/dev}
fix=no
files=()
for argument in "$@"; do
  case "$argument" in
    --fix) fix=yes ;;
    --all) mapfile -t files < <(git ls-files 'src/*.cc' 'src/*.h' 'tests/*.cc' 'tests/*.h' 'bench/*.cc') ;;
    -h | --help) sed -n '2,4s/^# //p' "${BASH_SOURCE[0]}"; exit 0 ;;
    *) files+=("$argument") ;;
  esac
done
if [ "${#files[@]}" = 0 ]; then
  mapfile -t files < <({ git diff --name-only HEAD; git ls-files -o --exclude-standard; } | grep -E '\.(cc|h)$' | sort -u)
fi
existing=()
for file in "${files[@]}"; do [ -f "$file" ] && existing+=("$file"); done
[ "${#existing[@]}" -gt 0 ] || { echo "nothing to lint"; exit 0; }

bad=0
if [ "$fix" = yes ]; then
  clang-format-19 -i "${existing[@]}"
else
  clang-format-19 --dry-run -Werror "${existing[@]}" || bad=1
fi
mapfile -t units < <(printf '%s\n' "${existing[@]}" | grep '\.cc$')
if [ -f "$build/compile_commands.json" ] && [ "${#units[@]}" -gt 0 ]; then
  # The commands are GCC's: clang does not know some of its warnings, and needs none.
  printf '%s\0' "${units[@]}" | xargs -0 -n 1 -P "$(nproc)" clang-tidy-19 --quiet -p "$build" \
    --extra-arg=-Wno-unknown-warning-option --extra-arg=-Wno-error 2>/dev/null || bad=1
else
  echo "clang-tidy left out: no $build/compile_commands.json (cmake --preset dev)"
fi
[ "$bad" = 0 ] && echo "lint: ${#existing[@]} files fine"
exit "$bad"
