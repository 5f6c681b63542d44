#!/bin/sh
# Installs what Steward needs from Debian, and nothing that is there already.
#   deploy/bootstrap.sh run     what `make run` needs
#   deploy/bootstrap.sh test    and what `make test` needs on top
#   deploy/bootstrap.sh bench   and what `make bench` needs on top
# Says in one line what is missing when it cannot install it. RabbitMQ's own system service is neither started nor left enabled:
# Steward runs a private node.
set -eu

need_run="python3-venv:python3_venv rabbitmq-server:rabbitmq fonts-noto-cjk:chinese_font fontconfig:fontconfig"
need_test="chromium:browser prometheus:rule_checker"
need_bench="wrk:load_maker"

# No function here is named as the program it looks for: `command -v` finds functions too.
python3_venv() { python3 -c 'import ensurepip, venv' 2>/dev/null; }
rabbitmq() { [ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] && command -v epmd >/dev/null; }
chinese_font() { ls /usr/share/fonts/opentype/noto/NotoSansCJK-*.ttc >/dev/null 2>&1; }
fontconfig() { command -v fc-list >/dev/null; }
browser() { command -v chromium >/dev/null; }
load_maker() { command -v wrk >/dev/null; }
rule_checker() { command -v promtool >/dev/null; }

missing() {
    for pair in $1; do
        "${pair#*:}" || printf ' %s' "${pair%%:*}"
    done
}

give_up() {
    echo "Missing:$packages. $1" >&2
    exit 1
}

case "${1:-run}" in
    run) wanted=$need_run ;;
    test) wanted="$need_run $need_test" ;;
    bench) wanted="$need_run $need_bench" ;;
    *) echo "usage: $0 run|test|bench" >&2; exit 2 ;;
esac

command -v python3 >/dev/null && python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    packages=" python3"; give_up "Steward needs Python 3.11 or newer."
}
packages=$(missing "$wanted")
[ -n "$packages" ] || exit 0

command -v apt-get >/dev/null || give_up "This is not Debian: install these by the means of your system."
if [ "$(id -u)" -eq 0 ]; then
    as_root=""
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    as_root="sudo"
else
    give_up "Run as root: apt-get install$packages"
fi

# While this file says 101, packages do not start their services; ours goes again, one that was there stays.
policy=/usr/sbin/policy-rc.d
ours=no
if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' | $as_root tee $policy >/dev/null && $as_root chmod 755 $policy
    ours=yes
fi
log=$(mktemp)
# shellcheck disable=SC2064,SC2317
trap "[ $ours = no ] || $as_root rm -f $policy; rm -f $log" EXIT INT TERM

echo "Installing:$packages"
quietly() { $as_root env DEBIAN_FRONTEND=noninteractive "$@" >"$log" 2>&1; }
quietly apt-get update || give_up "apt-get update failed ($(tail -n 1 "$log")): is there a network?"
# shellcheck disable=SC2086
quietly apt-get install -y --no-install-recommends $packages || true  # a service that may not start is no failure of ours

case "$packages" in
    *rabbitmq-server* | *prometheus*)
        if command -v systemctl >/dev/null; then
            for unit in rabbitmq-server prometheus; do
                case "$packages" in *$unit*) $as_root systemctl disable "$unit" >/dev/null 2>&1 || true ;; esac
            done
        fi ;;
esac

packages=$(missing "$wanted")
[ -z "$packages" ] || give_up "apt-get install failed: $(tail -n 1 "$log")"
