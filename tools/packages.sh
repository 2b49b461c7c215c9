#!/usr/bin/env bash
# packages.sh list SECTION...     prints the packages of those sections of packaging/packages.txt
# packages.sh missing SECTION...  prints those that are not installed
# packages.sh install SECTION...  installs those that are missing, and says so; needs root or sudo only then
# Never upgrades or removes anything, and never touches a package that is there already.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

list() {
  local section
  for section in "$@"; do
    awk -v want="[$section]" '/^[[:space:]]*(#|$)/ { next } /^\[/ { on = ($0 == want); next } on { print $1 }' \
      "$top/packaging/packages.txt"
  done
}

missing() {
  comm -23 <(list "$@" | sort -u) \
    <(dpkg-query -W -f '${Package} ${db:Status-Status}\n' 2>/dev/null | awk '$2 == "installed" { print $1 }' | sort -u)
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    echo "These packages are missing: ${need[*]}" >&2
    echo "Install them as root (apt-get install ${need[*]}), or run this as root or with sudo." >&2
    exit 1
  fi
}

install() {
  local log need
  mapfile -t need < <(missing "$@")
  # pkgconf provides pkg-config in later Debians.
  if command -v pkg-config >/dev/null; then mapfile -t need < <(printf '%s\n' "${need[@]}" | grep -vx pkg-config || true); fi
  if [ "${#need[@]}" = 0 ] || [ -z "${need[0]}" ]; then return 0; fi
  if ! command -v apt-get >/dev/null; then
    echo "This script installs packages on Debian 12 only. Install these yourself: ${need[*]}" >&2
    exit 1
  fi
  echo "Installing ${#need[@]} missing Debian packages: ${need[*]}"
  log=$(mktemp)
  if ! as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq >"$log" 2>&1 ||
    ! as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${need[@]}" >>"$log" 2>&1; then
    echo "apt-get failed; its last lines:" >&2
    tail -n 20 "$log" >&2
    rm -f "$log"
    exit 1
  fi
  rm -f "$log"
}

verb=${1:-}
case "$verb" in
  list | missing | install) shift; "$verb" "$@" ;;
  *) sed -n '2,5p' "${BASH_SOURCE[0]}"; exit 2 ;;
esac
