# What `nix flake check` holds true of plan.nix, one test a function: name -> true, or an error that says what is not.
let
  plan = import ./plan.nix;
  inherit (builtins) attrNames elem toFile toString tryEval;

  app = ../fixtures/counter;
  committed = plan.read app;
  planned = builtins.head (builtins.attrValues committed.targets);
  targets = plan.targets app;
  fails = value: !(tryEval (builtins.deepSeq value value)).success;
  without = set: name: removeAttrs set [ name ];
  lockless = builtins.path { name = "lockless"; path = app; filter = path: type: baseNameOf path != "builder.lock"; };
  gone = builtins.hashString "sha256" "a pin that no lock has";
  pinned = plan.steps { inherit planned committed; trees = plan.trees app; };
in
{
  systems = elem "x86_64-linux" plan.systems && elem "aarch64-darwin" plan.systems;
  starts = plan.starts "ab" "abc" && !plan.starts "bc" "abc" && !plan.starts "abc" "ab";
  read = committed.lock.version == 1 && committed.recipe.nar == planned.toolchain && fails (plan.read lockless);
  stale =
    plan.stale app committed planned == null
    && plan.stale app committed (planned // { toolchain = gone; }) == "builder.lock names another toolchain"
    && plan.stale app committed (planned // { pins.${gone}.file = "x.whl"; }) == "builder.lock no longer pins x.whl"
    && plan.stale app (committed // { inputs."main.py".bytes = gone; }) planned == "main.py changed since"
    && plan.stale app (committed // { inputs."none.txt".bytes = ""; }) planned == null
    && plan.stale app committed (planned // { contract = 2; }) != null;
  trees =
    let files = attrNames (builtins.readDir (plan.trees app).app);
    in attrNames (builtins.readDir "${(plan.trees ../fixtures/counter-desktop).images}") == [ "assets" ] && elem "main.py" files && elem "pyproject.toml" files && !elem "builder.plan" files && !elem "builder.lock" files;
  steps =
    attrNames pinned.made == builtins.sort builtins.lessThan (map (step: step.name) planned.steps)
    && pinned.toolchain.outputHash == planned.toolchain
    && fails (plan.steps { planned = planned // { scripts = builtins.mapAttrs (name: sha256: gone) planned.scripts; }; inherit committed; trees.app = app; }).made;
  targets = attrNames targets == builtins.sort builtins.lessThan ([ "default" "toolchain" ] ++ attrNames committed.targets);
  together =
    (plan.together targets.toolchain { one = targets.toolchain; }) == targets.toolchain
    && (plan.together targets.toolchain { one = targets.toolchain; two = targets.toolchain; }).name == "targets";
  mkApp = attrNames (plan.mkApp { src = app; }).packages == builtins.sort builtins.lessThan plan.systems;
}
