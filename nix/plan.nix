# builder.lock and builder.plan/ -> derivations. It decides nothing and knows no target; all that differs stands in the
# plan. There are no inputs: neither nixpkgs nor a registry is asked for anything.
let
  inherit (builtins) attrNames attrValues elem filter fromJSON fromTOML hashFile head listToAttrs mapAttrs match pathExists readDir readFile;

  # Where the derivations may be asked for; they are built on x86_64-linux, or by a builder for it.
  systems = [ "x86_64-linux" "aarch64-linux" "x86_64-darwin" "aarch64-darwin" ];

  # Whether a text starts with another.
  starts = start: text: builtins.substring 0 (builtins.stringLength start) text == start;

  # What is committed of an app, or an error that names the mend.
  read = src:
    let
      plans = src + "/builder.plan";
      need = path: name: mend:
        if pathExists path then path else throw "there is no `${name}` in ${toString src}: ${mend}";
      git = "run `builder lock`, then `git add builder.lock builder.plan` (a flake sees only what git tracks)";
      lock = fromTOML (readFile (need (src + "/builder.lock") "builder.lock" git));
      entries = readDir (need plans "builder.plan" "run `builder init`; ${git}");
      names = filter (name: match "[a-z0-9_-]+\\.json" name != null && !elem name [ "toolchain.json" "origins.json" "inputs.json" ]) (attrNames entries);
      optional = name: default: if pathExists (plans + "/${name}") then fromJSON (readFile (plans + "/${name}")) else default;
    in
    {
      inherit lock;
      inside = plans + "/inside";
      recipe = fromJSON (readFile (need (plans + "/toolchain.json") "builder.plan/toolchain.json" git));
      origins = optional "origins.json" { };
      inputs = optional "inputs.json" { };
      targets = listToAttrs (map (name: {
        name = head (match "(.*)\\.json" name);
        value = fromJSON (readFile (plans + "/${name}"));
      }) names);
    };

  # Why a plan may not run: a pin that the lock lacks, another toolchain, a file of the project that changed; null: it may.
  stale = src: committed: planned:
    let
      inherit (committed) lock;
      held = listToAttrs (map (file: { name = file.sha256; value = true; }) (
        builtins.concatMap (group: group.files) (lock.package or [ ] ++ lock.pin or [ ])
      ));
      gone = filter (sha256: !(held ? ${sha256})) (attrNames planned.pins);
      bytes = name: if pathExists (src + "/${name}") then hashFile "sha256" (src + "/${name}") else "";
      tables = name:
        let
          table = fromTOML (readFile (src + "/${name}"));
          tool = name: table.tool.${name} or null;
        in
        builtins.hashString "sha256" (builtins.toJSON [ (table.project or null) (tool "builder") (tool "flet") (tool "poetry") ]);
      same = name: recorded:
        bytes name == recorded.bytes || (recorded ? tables && bytes name != "" && tables name == recorded.tables);
      changed = filter (name: !same name committed.inputs.${name}) (attrNames committed.inputs);
    in
    if planned.contract != 1 then "its contract ${toString planned.contract} is not the one that this nix/plan.nix knows"
    else if planned.toolchain != lock.toolchain.nar || committed.recipe.nar != planned.toolchain then "builder.lock names another toolchain"
    else if gone != [ ] then "builder.lock no longer pins ${planned.pins.${head gone}.file}"
    else if changed != [ ] then "${builtins.concatStringsSep ", " changed} changed since"
    else null;

  # The user's trees that a step may be given: the app's own files; of these the ones that icons and splash images are
  # made of, or all where one is a symbolic link, which may lead to an image (builder/tree.py has the same rule).
  trees = src:
    let
      app = tree "app" src (path: type: true);
      linked = folder: builtins.any (name:
        let type = (readDir folder).${name}; in
        type == "symlink" || (type == "directory" && linked "${folder}/${name}")) (attrNames (readDir folder));
      image = path: type: match "(.*/)?assets/(icon|splash)[^/]*" path != null;
    in
    { inherit app; images = if linked app then app else tree "images" src image; };

  # The app's own files: all that the flake has of the folder but what builder writes beside them. `wanted` chooses of the files, by their path below the folder.
  tree = name: src: wanted:
    let
      top = toString src;
      ours = [ "build" "builder.lock" "builder.plan" "builder.expected.toml" "flake.nix" "flake.lock" ];
      atTop = path: builtins.dirOf path == top;
      below = path: builtins.substring (builtins.stringLength top + 1) (builtins.stringLength path) path;
      # Where git has not decided already: its own folder, caches, virtual environments and what `nix build` links.
      junk = path: type:
        !starts builtins.storeDir top
        && (elem (baseNameOf path) [ ".git" "__pycache__" ]
          || (type == "directory" && readDir path ? "pyvenv.cfg")
          || (type == "symlink" && atTop path && match "result(-.*)?" (baseNameOf path) != null));
      holds = folder: builtins.any (name: kept "${folder}/${name}" (readDir folder).${name}) (attrNames (readDir folder));
      kept = path: type:
        !(atTop path && elem (baseNameOf path) ours) && !junk path type
        && (if type == "directory" then holds path else wanted (below path) type);
    in
    builtins.path { inherit name; path = src; filter = kept; };

  # The steps of a plan as derivations, under their names. `ready` names what of builder's own store may be read.
  steps = { planned, committed, trees, ready ? { files = null; root = null; } }:
    let
      pin = import ./pins.nix { inherit (committed) origins; inherit (ready) files; };
      file = name: builtins.path { inherit name; path = committed.inside + "/${name}"; };
      script = name:
        if hashFile "sha256" (committed.inside + "/${name}") == planned.scripts.${name} then file name
        else throw "builder.plan/inside/${name} is not the script that the plan of ${planned.target} names: run `builder lock`";
      toolchain = import ./toolchain.nix {
        inherit (committed) recipe;
        inherit (ready) root;
        inherit pin;
        scripts = builtins.path { name = "inside"; path = committed.inside; };
      };
      given = source:
        if source ? pin then pin source.pin planned.pins.${source.pin}.store
        else if source ? step then made.${source.step}
        else trees.${source.tree};
      build = import ./steps.nix { inherit toolchain script given; inherit (planned) environment; };
      made = listToAttrs (map (step: { inherit (step) name; value = build step; }) planned.steps);
    in
    { inherit toolchain made; };

  # Every target of an app in a folder, and the toolchain, as derivations.
  targets = src:
    let
      committed = read src;
      one = name: planned:
        let
          why = stale src committed planned;
          last = builtins.elemAt planned.steps (builtins.length planned.steps - 1);
        in
        if why != null then throw "the committed plan of `${name}` is stale: ${why}; run `builder lock`, and commit the result"
        else (steps { inherit planned committed; trees = trees src; }).made.${last.name};
      all = mapAttrs one committed.targets;
      any = steps { planned = head (attrValues committed.targets); inherit committed; trees = { }; };
    in
    if committed.targets == { } then throw "builder.plan holds no plan: run `builder lock`, then `git add builder.plan`"
    else all // { inherit (any) toolchain; default = together any.toolchain all; };

  # One target as it is, several in a folder of links.
  together = toolchain: all:
    let
      busybox = "${toolchain}/usr/bin/busybox";
      link = name: "${busybox} ln -s ${all.${name}} \"$out/${name}\"";
    in
    if builtins.length (attrNames all) == 1 then head (attrValues all)
    else derivation {
      name = "targets";
      system = "x86_64-linux";
      builder = busybox;
      args = [ "sh" "-ec" (builtins.concatStringsSep "\n" ([ "${busybox} mkdir \"$out\"" ] ++ map link (attrNames all))) ];
    };

  # The outputs of a flake that builds the app in a folder.
  mkApp = { src }: { packages = listToAttrs (map (name: { inherit name; value = targets src; }) systems); };
in
{ inherit systems starts read stale trees steps targets together mkApp; }
