@rem cmd.exe has no exec: what a script of package.json says behind it, it runs.
@%*
