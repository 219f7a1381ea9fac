"""The kernel tests on other kernels than this machine's: `python -m kernels [KERNEL…]`, or `make test-kernels`.

`debian` finds and fetches the kernels, `initramfs` packs what the tests need, `machine` boots it all under QEMU;
there, `init` is the first process and `reporter` tells how each test went; `report` makes a table of it.
"""
