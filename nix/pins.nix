# One pinned file as a fixed-output derivation: the sha256 is the guard, wherever the bytes come from.
{
  origins, # sha256 -> list of URLs; may lack any
  files, # folder that holds pins under their sha256 and may be read; null: none
}:
sha256: store:
let
  wanted = origins.${sha256} or [ ];
  # A path that is valid is never built, so this is read only where a pin is missing.
  missing = "missing pin ${store}: run `builder fetch --nix`, or `builder init --nix` for builder.plan/origins.json";
  fixed = derivation {
    name = store;
    system = "builtin";
    builder = "builtin:fetchurl";
    url = if wanted == [ ] then missing else builtins.head wanted;
    outputHashMode = "flat";
    outputHashAlgo = "sha256";
    outputHash = sha256;
    preferLocalBuild = true;
    impureEnvVars = [ "http_proxy" "https_proxy" "ftp_proxy" "all_proxy" "no_proxy" ];
  };
  held = builtins.path {
    name = store;
    path = files + "/${sha256}";
    recursive = false;
    inherit sha256;
  };
in
# Reading the file makes the derivation's output valid: both have the same path.
if files == null then fixed else builtins.seq held fixed
