"""What is drawn from the kernel's device, past the C library."""

with open("/dev/urandom", "rb") as device, open("out/seed", "wb") as out:
    out.write(device.read(16))
