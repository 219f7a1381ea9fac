# systemd, the package, and a service that runs booted.sh and then ends the machine.
apt-get update -qq
apt-get install -y -qq --no-install-recommends systemd systemd-sysv dbus man-db /packages/onlooker_*.deb >/dev/null 2>&1
cat >/etc/systemd/system/check.service <<END
[Unit]
After=multi-user.target
[Service]
Type=oneshot
Environment=HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive
ExecStart=/bin/bash -eu /check/booted.sh
ExecStopPost=/bin/systemctl --no-block poweroff
StandardOutput=append:/root/check.log
StandardError=append:/root/check.log
END
mkdir -p /etc/systemd/system/multi-user.target.wants
ln -s /etc/systemd/system/check.service /etc/systemd/system/multi-user.target.wants/
ln -sf /lib/systemd/system/multi-user.target /etc/systemd/system/default.target
