"""A set is written as it lies."""

with open("out/set", "w") as out:
    out.write("\n".join({f"name {number}" for number in range(50)}))
