#!/bin/sh
# The user of the service. It is not started: first it must be said where the events go, in /etc/onlooker/agent.toml.
set -e
if command -v systemd-sysusers >/dev/null; then
	systemd-sysusers onlooker.conf
elif ! getent passwd onlooker >/dev/null; then
	useradd --system --user-group --home-dir /var/lib/onlooker --no-create-home --shell /usr/sbin/nologin onlooker
fi
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload
	systemctl try-restart onlooker.service # after an upgrade, if it runs
fi
