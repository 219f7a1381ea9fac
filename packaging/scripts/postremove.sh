#!/bin/sh
# A removal keeps users, spool and logs: what was not delivered is not lost by it. dpkg's purge takes them, and keeps only
# a lake, which is what many machines have sent, with the user that it belongs to.
set -e
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload
fi
[ "${1:-}" = purge ] || exit 0
rm -rf --one-file-system /var/lib/onlooker /var/log/onlooker || :
rm -f /etc/onlooker/collect.env
for user in onlooker onlooker-collect; do
	if [ "$user" = onlooker-collect ] && [ -d /var/lib/onlooker-lake ] && ! rmdir /var/lib/onlooker-lake 2>/dev/null; then
		echo "onlooker: kept the lake in /var/lib/onlooker-lake, and its user $user" >&2
	elif getent passwd "$user" >/dev/null && command -v userdel >/dev/null; then
		userdel "$user" || :
	fi
done
