# By Debian's and rpm's own judges, and by rpm, which knows nothing of Debian's packages: so without dependencies.
apt-get update -qq
apt-get install -y -qq --no-install-recommends lintian rpm rpmlint systemd /packages/onlooker_*.deb >/dev/null 2>&1
useradd --create-home judge
runuser -u judge -- lintian --fail-on error,warning --tag-display-limit 0 /packages/onlooker_*.deb
# not wanted: what is only of packages that are in a distribution, and what wheels have in them
rpmlint --config /check/rpmlint.toml /packages/onlooker-*.rpm | tail -n 30
rpm=/packages/onlooker-*.rpm
root=/tmp/rpm
mkdir -p $root
rpm --root $root --initdb
rpm --root $root -i --nodeps --noscripts $rpm
rpm --root $root -V --nodeps --noscripts onlooker
# that they have the same in them
(cd $root && find usr etc -type f | sort) >/tmp/rpm-files
dpkg -L onlooker | while read -r file; do [ ! -f "$file" ] || echo "${file#/}"; done | sort >/tmp/deb-files
diff /tmp/deb-files /tmp/rpm-files | grep '^[<>]' | grep -v 'changelog.Debian.gz$\|lintian/overrides/onlooker$' && exit 1
# its scripts, as rpm calls them, in this root, where the .deb has made what they are about
for script in postinstall:1 preremove:1 postremove:1 preremove:0 postremove:0; do
	rpm -qp --qf "%{$(case $script in post*) echo POST ;; *) echo PRE ;; esac | cat)$(case $script in *install*) echo IN ;; *) echo UN ;; esac)}" $rpm |
		sh -s "${script#*:}"
done
getent passwd onlooker >/dev/null # a removal keeps it
rpm --root $root -e --nodeps --noscripts onlooker
left=$(find $root/usr $root/etc -type f)
[ -z "$left" ] || { echo "judged: left by the .rpm: $left"; exit 1; }
echo "judged: well"
