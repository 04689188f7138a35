{
  description = "builder: the same bytes of a Flet app, everywhere";

  # No inputs: what is not in this tree is pinned by the lock and the plan of the app.
  outputs =
    { self }:
    let
      plan = import ./nix/plan.nix;
      app = plan.mkApp { src = ./fixtures/counter; };
      tests = import ./nix/tests.nix;
      untested = removeAttrs plan (builtins.attrNames tests);
      # A check is a derivation; that of a test which holds gives the file that Nix has just written.
      check =
        name: holds:
        if !holds then
          throw "nix/tests.nix: `${name}` does not hold"
        else if untested != { } then
          throw "nix/tests.nix has no test of ${toString (builtins.attrNames untested)}"
        else
          derivation {
            inherit name;
            system = "builtin";
            builder = "builtin:fetchurl";
            url = "file://${builtins.toFile name "holds\n"}";
            outputHashMode = "flat";
            outputHashAlgo = "sha256";
            outputHash = builtins.hashString "sha256" "holds\n";
          };
    in
    app
    // {
      lib = { inherit (plan) mkApp; };
      templates.default = {
        path = ./nix/template;
        description = "The flake of a Flet app; `builder init --nix` adds the rest";
      };
      checks = builtins.mapAttrs (system: targets: builtins.mapAttrs check tests) app.packages;
    };
}
