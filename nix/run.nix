# Steps of a plan that builder itself runs: the same derivations as the flake's. Pins, trees and the toolchain come out
# of builder's own store; `folder` holds work.json, which says where they are, and `inside`, the plan's scripts.
{ folder }:
let
  work = builtins.fromJSON (builtins.readFile (folder + "/work.json"));
  tree = name: { path, nar }: builtins.path { inherit name path; sha256 = nar; };
  steps = (import ./plan.nix).steps {
    planned = work.plan;
    committed = {
      inside = folder + "/inside";
      origins = { };
      recipe.nar = work.plan.toolchain;
    };
    trees = builtins.mapAttrs tree work.trees;
    ready = { inherit (work) files root; };
  };
in
map (name: steps.made.${name}) work.steps
