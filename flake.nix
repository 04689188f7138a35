{
  description = "builder: the same bytes of a Flet app, everywhere";

  # No inputs: what is not in this tree is pinned by the lock and the plan of the app.
  outputs = { self }:
    let
      plan = import ./nix/plan.nix;
    in
    plan.mkApp { src = ./fixtures/counter; } // {
      lib = { inherit (plan) mkApp; };
    };
}
