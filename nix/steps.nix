# One step as a derivation: the pinned interpreter, run through its own loader, in a folder with `in` and `out`.
# There is no second sandbox in it; the step's first act, start.py, is to prove Nix's own from inside.
{
  toolchain, # derivation of the root
  environment, # name -> value: all that the step finds in its environment
  script, # name -> store path of a script
  given, # an input as the plan has it -> store path
}:
step:
let
  quote = text: "'${builtins.replaceStrings [ "'" ] [ "'\\''" ] text}'";
  words = builtins.concatStringsSep " ";
  mapped = f: set: builtins.attrValues (builtins.mapAttrs f set);
  busybox = "${toolchain}/usr/bin/busybox";
  libraries = "${toolchain}/usr/lib/x86_64-linux-gnu";
  python = "${toolchain}/usr/bin/python3.12";

  link = place: path: "${busybox} ln -s ${path} ${quote "in/${place}"}";
  text = name: content: link name (builtins.toFile "text" content);
  links =
    map (name: link "inside/${name}" (script name)) step.scripts
    ++ mapped text step.files
    ++ mapped (name: source: link name "${given source}") step.inputs;
  run =
    [ busybox "env" "-i" ]
    ++ mapped (name: value: quote "${name}=${value}") environment
    ++ [ "${libraries}/ld-linux-x86-64.so.2" "--library-path" libraries "--argv0" python python ]
    ++ [ "-P" "-s" "-S" "-B" "in/inside/start.py" ]
    ++ map quote ([ (builtins.head step.scripts) ] ++ step.args);
in
if step.root then
  throw "step `${step.name}` needs the toolchain as its real root, which Nix can't give: build it with --backend bwrap"
else
  derivation {
    inherit (step) name;
    system = "x86_64-linux";
    builder = busybox;
    args = [
      "sh"
      "-ec"
      (builtins.concatStringsSep "\n" (
        [ "${busybox} mkdir -p in/inside \"$out\"" "${busybox} ln -s \"$out\" out" ] ++ links ++ [ (words run) ]
      ))
    ];
  }
