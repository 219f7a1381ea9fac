#!/bin/sh
# Print the path of a Python that is 3.11 or newer and can build extension modules in a virtual environment.
for python in ${PYTHON:-} python3 /usr/bin/python3 python3.14 python3.13 python3.12 python3.11; do
	"$python" - <<-'CHECK' 2>/dev/null && command -v "$python" && exit 0
		import os, sys, sysconfig, ensurepip, venv
		header = os.path.join(sysconfig.get_paths()["include"], "Python.h")
		sys.exit(sys.version_info < (3, 11) or not os.path.exists(header))
	CHECK
done
exit 1
