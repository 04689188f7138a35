// The app's files are saved when the user leaves the app, since Android may end it at any time from then on; and what the
// app's own end shows: the console for exit code 100, as Flet does on phones, else nothing, the app closes.
{
  const worker = new BroadcastChannel("android");
  const save = () => worker.postMessage("save");
  document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && save());
  window.addEventListener("pagehide", save);
  worker.onmessage = ({ data }) => (data.status === 100 ? show(data.console) : window.close());

  const show = (text) => {
    const page = document.createElement("div");
    page.id = "console";
    page.innerHTML = "<header><h1>Error running app</h1><button>Copy</button></header><pre></pre>";
    const [button, shown] = [page.querySelector("button"), page.querySelector("pre")];
    shown.textContent = text;
    button.onclick = () => {
      getSelection().selectAllChildren(shown);
      if (document.execCommand("copy")) button.textContent = "Copied";
    };
    document.body.append(page);
  };
}
