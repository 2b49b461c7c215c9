#!/usr/bin/env bash
# peers.sh: mail and DNS software of others to test against, without installing any of it.
#   prepare      downloads the [peers] packages of packaging/packages.txt, with what they need and this
#                machine lacks, and unpacks them into build/peers/root. Does nothing, offline too, once done.
#   prepare-mta NAME  the same for one more MTA, in a root of its own, because as packages they conflict: exim,
#                opensmtpd, or lookup: adnshost and dnsperf (the section [peer-NAME]); haraka comes by npm, by tools/haraka/package-lock.json.
#                exec then shows the one that WAYBILL_PEER names above the others.
#   exec CMD...  runs CMD in namespaces of its own (mount, network, process ids), where the peers look
#                installed: /usr and /etc are overlays whose writes vanish, /etc/passwd knows postfix,
#                /etc/resolv.conf asks 127.0.0.1, /var/spool/postfix and friends are empty, only a loopback
#                exists, all ports are free, and every process ends with CMD. Needs root.
#   can-exec     exit 0 when exec would work here; else says why not.
#   env          prints the variables with which peers that need no root (nsd, smtp-source, smtp-sink,
#                swaks) run straight from the unpacked tree.
# The machine's own mail system, its users, its resolver and its ports are never touched.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
peers=${WAYBILL_PEERS:-$top/build/peers}
root=$peers/root

wanted() { "$top/tools/packages.sh" list peers; }

refresh() {
  local sudo=()
  [ "$(id -u)" = 0 ] || sudo=(sudo -n)
  { "${sudo[@]}" apt-get update -qq || true; } >>"$log" 2>&1
}

prepare() {
  local names extra dir log
  names=$(wanted | sort | tr '\n' ' ')
  if [ "$(cat "$peers/unpacked" 2>/dev/null)" = "$names" ]; then return 0; fi
  command -v apt-get >/dev/null && command -v dpkg >/dev/null || { echo "peers: this is not Debian" >&2; return 1; }
  dir=$peers/deb log=$peers/log
  rm -rf "$root" "$dir"
  mkdir -p "$root" "$dir"
  # What apt would install beside them; it is only asked (-s), and removals are of no concern.
  # shellcheck disable=SC2086
  if ! extra=$(apt-get install -s --no-install-recommends $names 2>"$log" | awk '$1 == "Inst" { print $2 }'); then
    echo "Asking for the package lists (apt-get update) ..."
    refresh
    # shellcheck disable=SC2086
    extra=$(apt-get install -s --no-install-recommends $names 2>>"$log" | awk '$1 == "Inst" { print $2 }') || true
  fi
  echo "Downloading and unpacking into ${peers#"$top"/}: $(printf '%s\n' $names $extra | sort -u | tr '\n' ' ')"
  if ! (cd "$dir" && printf '%s\n' $names $extra | sort -u | xargs apt-get download -q >>"$log" 2>&1); then
    refresh
    if ! (cd "$dir" && printf '%s\n' $names $extra | sort -u | xargs apt-get download -q >>"$log" 2>&1); then
      tail -n 5 "$log" >&2
      return 1
    fi
  fi
  for deb in "$dir"/*.deb; do dpkg -x "$deb" "$root"; done
  merge_usr "$root"
  private_files
  echo "$names" >"$peers/unpacked"
}

# Packages that ship files in /lib would shadow the merged /usr's link.
merge_usr() {
  local part
  for part in lib bin sbin; do
    if [ -d "$1/$part" ] && [ ! -L "$1/$part" ]; then
      mkdir -p "$1/usr/$part" && cp -a "$1/$part/." "$1/usr/$part/" && rm -rf "${1:?}/$part"
    fi
  done
}

# The files of /etc that the namespace sees in place of the machine's.
private_files() {
  local etc=$root/etc
  mkdir -p "$etc/postfix"
  { grep -vE '^(postfix|nsd|dovecot|dovenull|vmail):' /etc/passwd
    echo 'postfix:x:64901:64901:waybill test peer:/var/spool/postfix:/usr/sbin/nologin'
    echo 'nsd:x:64903:64903:waybill test peer:/nonexistent:/usr/sbin/nologin'
    echo 'dovecot:x:64907:64907:waybill test peer:/nonexistent:/usr/sbin/nologin'
    echo 'dovenull:x:64908:64908:waybill test peer:/nonexistent:/usr/sbin/nologin'
    echo 'vmail:x:64909:64909:waybill test peer:/nonexistent:/usr/sbin/nologin'; } >"$etc/passwd"
  { grep -vE '^(postfix|postdrop|nsd|dovecot|dovenull|vmail):' /etc/group
    printf '%s\n' 'postfix:x:64901:' 'postdrop:x:64902:' 'nsd:x:64903:' 'dovecot:x:64907:' 'dovenull:x:64908:' \
      'vmail:x:64909:'; } >"$etc/group"
  printf 'nameserver 127.0.0.1\noptions timeout:2 attempts:2\n' >"$etc/resolv.conf"
  printf '127.0.0.1 localhost\n::1 localhost ip6-localhost\n' >"$etc/hosts"
  printf 'passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nservices: files\nprotocols: files\n' >"$etc/nsswitch.conf"
  grep -qE '^smtp\s' /etc/services 2>/dev/null || printf 'smtp 25/tcp mail\nsubmission 587/tcp\nlmtp 24/tcp\ndomain 53/tcp\ndomain 53/udp\n' >>"$etc/services"
  cp "$root/usr/share/postfix/main.cf.dist" "$etc/postfix/main.cf.dist"
  cp "$root/usr/share/postfix/dynamicmaps.cf" "$etc/postfix/dynamicmaps.cf"
  : >"$etc/aliases"
}

# The users that the packages' install scripts would make, and that their programs look for.
mta_users() {
  case $1 in
    exim) echo 'Debian-exim:x:64904:64904:waybill test peer:/nonexistent:/usr/sbin/nologin' ;;
    opensmtpd)
      echo 'opensmtpd:x:64905:64905:waybill test peer:/var/lib/opensmtpd/empty:/usr/sbin/nologin'
      echo 'opensmtpq:x:64906:64906:waybill test peer:/var/lib/opensmtpd/empty:/usr/sbin/nologin' ;;
  esac
}

prepare_mta() {
  local name=$1 names dir log mta
  if [ "$name" = haraka ]; then prepare_haraka; return; fi
  names=$("$top/tools/packages.sh" list "peer-$name" | sort | tr '\n' ' ')
  [ -n "$names" ] || { echo "peers: no section [peer-$name] in packaging/packages.txt" >&2; return 2; }
  prepare
  dir=$peers/$name/deb log=$peers/$name/log mta=$peers/$name/root
  if [ "$(cat "$peers/$name/unpacked" 2>/dev/null)" = "$names" ]; then return 0; fi
  rm -rf "$mta" "$dir"
  mkdir -p "$mta/etc" "$mta/usr" "$dir"
  echo "Downloading and unpacking into ${mta#"$top"/}: $names"
  if ! (cd "$dir" && printf '%s\n' $names | xargs apt-get download -q >"$log" 2>&1); then
    refresh
    (cd "$dir" && printf '%s\n' $names | xargs apt-get download -q >>"$log" 2>&1) || { tail -n 5 "$log" >&2; return 1; }
  fi
  for deb in "$dir"/*.deb; do dpkg -x "$deb" "$mta"; done
  merge_usr "$mta"
  { cat "$root/etc/passwd"; mta_users "$name"; } >"$mta/etc/passwd"
  { cat "$root/etc/group"; mta_users "$name" | awk -F: '{ print $1 ":x:" $4 ":" }'; } >"$mta/etc/group"
  echo "$names" >"$peers/$name/unpacked"
}

prepare_haraka() {
  local dir=$peers/haraka log=$peers/haraka/log
  if cmp -s "$top/tools/haraka/package-lock.json" "$dir/installed-lock.json"; then return 0; fi
  command -v npm >/dev/null || { echo "peers: Haraka needs npm" >&2; return 1; }
  mkdir -p "$dir"
  cp "$top/tools/haraka/package.json" "$top/tools/haraka/package-lock.json" "$dir"
  echo "Fetching Haraka into ${dir#"$top"/} ..."
  (cd "$dir" && npm ci --no-audit --no-fund --omit=optional >"$log" 2>&1) || { tail -n 5 "$log" >&2; return 1; }
  cp "$top/tools/haraka/package-lock.json" "$dir/installed-lock.json"
}

overlay() {  # overlay PLACE NAME LOWER: what is written there is gone with the namespace
  mkdir -p "$work/$2.upper" "$work/$2.work"
  mount -t overlay overlay -o "lowerdir=$3,upperdir=$work/$2.upper,workdir=$work/$2.work" "$1"
}

# Inside the new namespaces: lays the overlays, then becomes CMD.
inside() {
  local work=$peers/ns mta=
  if [ -n "${WAYBILL_PEER:-}" ]; then
    mta=$peers/$WAYBILL_PEER/root
    [ -d "$mta" ] || { echo "peers: $WAYBILL_PEER is not unpacked (prepare-mta)" >&2; return 1; }
  fi
  mount --make-rprivate /
  ip link set lo up
  mount -t tmpfs -o mode=0755 tmpfs "$work"
  overlay /usr usr "${mta:+$mta/usr:}$root/usr:/usr"
  overlay /etc etc "${mta:+$mta/etc:}$root/etc:/etc"
  overlay /var/spool spool /var/spool
  overlay /var/lib lib /var/lib
  mkdir -p /var/spool/postfix /var/lib/postfix
  mount -t tmpfs tmpfs /var/spool/postfix
  mount -t tmpfs tmpfs /var/lib/postfix
  chown 64901 /var/lib/postfix
  export WAYBILL_NAMESPACE=1
  exec "$@"
}

can_exec() {
  [ "$(id -u)" = 0 ] || { echo "namespaces with Postfix need root"; return 1; }
  [ -f "$peers/unpacked" ] || { echo "the peers are not unpacked: run tools/peers.sh prepare"; return 1; }
  mkdir -p "$peers/ns"
  local why
  why=$("${BASH_SOURCE[0]}" exec true 2>&1) || { echo "no namespaces here: $why"; return 1; }
}

print_env() {
  echo "PATH=$root/usr/sbin:$root/usr/bin:$PATH"
  echo "LD_LIBRARY_PATH=$root/usr/lib/postfix:$root/usr/lib/x86_64-linux-gnu"
  echo "PERL5LIB=$root/usr/share/perl5:$(echo "$root"/usr/lib/x86_64-linux-gnu/perl5/5.*)"
}

case "${1:-}" in
  prepare) (flock 9; prepare) 9>"$(mkdir -p "$peers" && echo "$peers/lock")" ;;
  prepare-mta)
    [ -n "${2:-}" ] || { echo "prepare-mta needs a name" >&2; exit 2; }
    (flock 9; prepare_mta "$2") 9>"$(mkdir -p "$peers" && echo "$peers/lock")"
    ;;
  exec)
    shift
    mkdir -p "$peers/ns"
    exec unshare --mount --net --pid --fork --kill-child --mount-proc "${BASH_SOURCE[0]}" inside "$@"
    ;;
  inside) shift; inside "$@" ;;
  can-exec) can_exec ;;
  env) print_env ;;
  *) sed -n '2,16s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 2 ;;
esac
