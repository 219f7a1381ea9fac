# The services under systemd, which is process 1 here, and has no network but its own loopback.
cd /
said() { echo "booted: $*"; }
wait_for() { for _ in $(seq 300); do "$@" >/dev/null 2>&1 && return; sleep 0.1; done; said "not within 30 s: $*"; return 1; }
trap 'said "failed in line $LINENO: $BASH_COMMAND" && journalctl --no-pager -q -u onlooker -u onlooker-collect | tail -n 20' ERR
set -E
systemd-analyze verify onlooker.service onlooker-collect.service
systemd-analyze security --threshold=20 onlooker.service onlooker-collect.service | grep -i overall
[ "$(systemctl is-enabled onlooker onlooker-collect || true)" = "$(printf 'disabled\ndisabled')" ] # until it is said where events go

cat >/etc/onlooker/agent.toml <<END
[watch]
events = ["exec"]
context = ["user", "unit"]
[[sinks]]
url = "file:/var/log/onlooker/events.jsonl"
[metrics]
listen = "127.0.0.1:9464"
END
systemctl enable --now onlooker 2>&1
onlooker agent health
/bin/true
grep Cap[PE] "/proc/$(systemctl show -P MainPID onlooker)/status"
systemctl reload onlooker
[ "$(stat -c '%A %U' /var/log/onlooker /var/log/onlooker/events.jsonl /var/lib/onlooker | tr '\n' ' ')" = \
	"drwxr-x--- onlooker -rw------- onlooker drwx------ onlooker " ]
wait_for grep -q '"unit":"check.service".*"/bin/true"' /var/log/onlooker/events.jsonl
said "the agent saw /bin/true, of check.service"

before=$(systemctl show -P MainPID onlooker)
dpkg -i /packages/onlooker_*.deb >/dev/null # over itself: with this configuration, and begun anew
[ "$(systemctl show -P MainPID onlooker)" != "$before" ] && systemctl is-active onlooker
grep -q events.jsonl /etc/onlooker/agent.toml
wait_for onlooker agent health
sed -i 's/exec/nonsense/' /etc/onlooker/agent.toml # a wrong configuration ends the service, not the upgrade
dpkg -i /packages/onlooker_*.deb >/dev/null 2>/tmp/said || { cat /tmp/said; exit 1; }
wait_for systemctl is-failed onlooker
[ "$(systemctl show -P ExecMainStatus onlooker)" = 2 ]
sed -i 's/nonsense/exec/' /etc/onlooker/agent.toml
systemctl restart onlooker
said "upgraded over itself, also with a wrong configuration"

mkdir -p /var/lib/onlooker-lake
printf 'ONLOOKER_URL=nats://127.0.0.1:9/onlooker\nONLOOKER_LAKE=/var/lib/onlooker-lake/lake\n' >/etc/onlooker/collect.env
systemctl start --no-block onlooker-collect # no server is there: it must be tried, by its own user, and end at a stop
wait_for journalctl -q -u onlooker-collect --grep "it tries again"
systemctl stop onlooker-collect

apt-get remove -y -qq onlooker >/dev/null
! systemctl is-active onlooker && [ ! -e /usr/bin/onlooker ] && [ ! -e /etc/systemd/system/multi-user.target.wants/onlooker.service ]
[ -s /var/log/onlooker/events.jsonl ] && [ -d /var/lib/onlooker ] && getent passwd onlooker
mkdir -p /var/lib/onlooker-lake/lake
touch /var/lib/onlooker-lake/lake/events
apt-get purge -y -qq onlooker 2>&1 | grep "kept the lake"
[ -e /var/lib/onlooker-lake/lake/events ] && getent passwd onlooker-collect
! getent passwd onlooker
left=$(find / -xdev -name '*onlooker*' ! -path '/var/lib/onlooker-lake*' ! -path '/var/lib/dpkg/*' ! -path '/var/cache/man/*' ! -path '/tmp/*' ! -path '/var/lib/systemd/*')
[ -z "$left" ] || { said "left after a purge: $left"; exit 1; }
said "removed, and purged but for a lake"
echo "booted: well"
