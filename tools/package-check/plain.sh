# The .deb in an empty Debian without systemd: install, use, remove, purge.
cd /
said() { echo "plain: $*"; }
everything() { # paths and accounts, without what apt and dpkg keep
	find / -xdev \( -path /var/lib/apt -o -path /var/lib/dpkg -o -path /var/cache -o -path /var/log/apt \
		-o -path /var/log/dpkg.log -o -path /var/log/alternatives.log -o -path "/etc/*-" -o -path /tmp \) -prune -o -print | sort
	sort /etc/passwd /etc/group
}
apt-get update -qq
apt-get install -y -qq --no-install-recommends apt-utils python3 libstdc++6 zlib1g >/dev/null 2>&1
everything >/tmp/before
apt-get install -y -qq --no-install-recommends /packages/onlooker_*.deb >/dev/null
said "installed $(dpkg-query -W -f '${Version}' onlooker)"
dpkg --verify onlooker
find /usr/lib/onlooker -name '*.so*' -exec ldd {} + 2>/dev/null | grep "not found" && { said "a library is missing"; exit 1; }
onlooker --version
onlooker doctor >/tmp/doctor || { cat /tmp/doctor; exit 1; }
onlooker watch -- /bin/true 2>&1 | grep -x "onlooker: complete"
onlooker agent check
# every library that the package is said to have
sed -i 's|^url = .*|url = "kafka://localhost:9092/onlooker"|; s|^#rules = .*|rules = ["shipped"]|; /^events/d' /etc/onlooker/agent.toml
onlooker agent check
/usr/bin/python3 -I -c 'import sys; sys.path.insert(0, "/usr/lib/onlooker"); import duckdb, nats, nkeys, confluent_kafka, obstore, opentelemetry'
apt-get install -y -qq --reinstall /packages/onlooker_*.deb >/dev/null # a changed configuration stays
grep -q kafka: /etc/onlooker/agent.toml
apt-get remove -y -qq onlooker >/dev/null
grep -q kafka: /etc/onlooker/agent.toml # and after a removal
[ ! -e /usr/bin/onlooker ] && [ ! -e /usr/lib/onlooker ] && getent passwd onlooker onlooker-collect >/dev/null
apt-get purge -y -qq onlooker >/dev/null
everything >/tmp/after
diff /tmp/before /tmp/after || { said "this is left, or gone, after a purge"; exit 1; }
said "nothing is left after a purge"
echo "plain: well"
