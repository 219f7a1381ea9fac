#!/bin/sh
# Only when it goes for good: dpkg says "remove" then, rpm that no version stays.
set -e
case "${1:-}" in remove | 0) ;; *) exit 0 ;; esac
if [ -d /run/systemd/system ]; then
	systemctl disable --now onlooker.service onlooker-collect.service
elif command -v systemctl >/dev/null; then # in an image that does not run
	systemctl disable onlooker.service onlooker-collect.service
fi
