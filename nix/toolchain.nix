# The root that steps run in, made in pure Nix. It is a fixed-output derivation: the sha256 of its NAR is the guard,
# whatever the static 7-Zip and busybox that unpack its parts may do.
{
  recipe, # builder.plan/toolchain.json
  scripts, # store path of a folder that holds root.py and what it imports
  pin, # sha256 -> store name -> derivation
  root, # folder that is the ready root and may be read; null: none
}:
let
  name = "toolchain"; # of every recipe's root, so that it lies where builder puts a ready one
  system = "x86_64-linux";
  inherit (recipe) bootstrap;
  file = pinned: pin pinned.sha256 recipe.stores.${pinned.sha256};
  parts = map (part: part.pin) recipe.parts;
  shell = builtins.head (builtins.filter (pinned: pinned.name == bootstrap.shell.part) parts);

  archive = derivation {
    name = "7zip";
    system = "builtin";
    builder = "builtin:unpack-channel";
    src = file bootstrap.pin;
    channelName = "7zip";
    preferLocalBuild = true;
  };
  archiver = "${archive}/7zip/${bootstrap.archiver}";
  unpacked = name: file: derivation {
    inherit name system;
    builder = archiver;
    args = [ "x" "-y" "-bso0" "-bsp0" "-o${placeholder "out"}" file ];
    preferLocalBuild = true;
  };
  data = unpacked "shell.tar" (file shell);
  busybox = "${unpacked "shell" "${data}/data.tar"}/${bootstrap.shell.member}";

  made = derivation {
    inherit name system;
    builder = busybox;
    args = [
      "sh"
      ./bootstrap.sh
      busybox
      archiver
      (builtins.toFile "recipe.json" (builtins.toJSON recipe))
      scripts
      bootstrap.loader
      (builtins.concatStringsSep " " bootstrap.libraries)
      bootstrap.home
      bootstrap.python
    ]
    ++ builtins.concatMap (pinned: [ pinned.sha256 (file pinned) ]) parts;
    outputHashMode = "recursive";
    outputHashAlgo = "sha256";
    outputHash = recipe.nar;
    preferLocalBuild = true;
  };
  # Of a root that is there only name and hash count, so none of the above is asked for.
  ready = derivation {
    inherit name;
    system = "builtin";
    builder = "builtin:fetchurl";
    url = "the toolchain is not in the store: run `builder fetch --nix`";
    outputHashMode = "recursive";
    outputHashAlgo = "sha256";
    outputHash = recipe.nar;
  };
  held = builtins.path {
    inherit name;
    path = root;
    sha256 = recipe.nar;
  };
in
if root == null then made else builtins.seq held ready
