{
  description = "A Flet app, built to the same bytes everywhere";

  # No inputs: builder.lock and builder.plan/ pin all that a build needs.
  outputs =
    { self }:
    if builtins.pathExists ./builder.plan/nix then
      (import ./builder.plan/nix/plan.nix).mkApp { src = ./.; }
    else
      throw "run `builder init --nix` and `builder lock`, then `git add` what they wrote";
}
