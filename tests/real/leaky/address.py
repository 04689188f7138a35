"""Objects are sorted by their address, as a set of them is."""


class Thing:
    """Has nothing but a name."""

    def __init__(self, name):
        self.name = name


with open("out/objects", "w") as out:
    out.write("".join(f"{thing.name} {id(thing) >> 20}\n" for thing in {Thing(str(n)) for n in range(500)}))
