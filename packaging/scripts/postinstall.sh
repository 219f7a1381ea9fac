#!/bin/sh
# The users of the services. None is started: first it must be said where the events go, in
# /etc/onlooker/agent.toml or collect.env.
set -e
if command -v systemd-sysusers >/dev/null; then
	systemd-sysusers onlooker.conf
else
	for user in onlooker onlooker-collect; do
		getent passwd "$user" >/dev/null || useradd --system --user-group --home-dir /nonexistent --no-create-home \
			--shell /usr/sbin/nologin "$user"
	done
fi
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload
	# after an upgrade, if it runs; one that does not start again says so itself, and must not leave half a package
	systemctl try-restart onlooker.service onlooker-collect.service || :
fi
