// What a Flet app finds on a phone: files that stay, the console in a file, an end that can be seen.
{
  const DATA = "/storage/data";
  const CONSOLE = "/storage/temp/console.log";
  const MODULES = "/lib/android";
  const SHELL = {{ module|tojson }};
  const page = new BroadcastChannel("android");
  let [files, mount, saved, ended] = [null, null, "", false];
  let saving = Promise.resolve();

  const sync = (load) =>
    new Promise((done, failed) => mount.type.syncfs(mount, load, (error) => (error ? failed(error) : done())));

  // What is in the folder, by name, size and time.
  const state = (folder = DATA) =>
    files
      .readdir(folder)
      .filter((name) => name !== "." && name !== "..")
      .map((name) => {
        const path = `${folder}/${name}`;
        const { mode, size, mtime } = files.stat(path);
        return `${path}\0${size}\0${+mtime}\n${files.isDir(mode) ? state(path) : ""}`;
      })
      .join("");

  const write = async () => {
    const now = state();
    if (now === saved) return;
    await sync(false);
    saved = now;
  };

  // One after the other; one that fails is tried again by the next.
  const save = () => (saving = saving.then(write).catch((error) => console.error("The app's files are not saved:", error)));

  const leave = async (status) => {
    if (ended) return;
    ended = true;
    await save();
    page.postMessage({ status, console: files.readFile(CONSOLE, { encoding: "utf8" }) });
  };

  self.startAndroid = async (pyodide) => {
    files = pyodide.FS;
    for (const folder of [DATA, "/storage/cache", "/storage/temp", MODULES]) files.mkdirTree(folder);
    files.mount(files.filesystems.IDBFS, {}, DATA);
    mount = files.lookupPath(DATA).node.mount;
    await sync(true);
    saved = state();
    files.writeFile(`${MODULES}/android_shell.py`, SHELL);
    pyodide.registerJsModule("android_shell_js", { leave });
    pyodide.runPython(`import sys; sys.path.append("${MODULES}"); import android_shell; android_shell.start()`);
    page.onmessage = save;
    setInterval(save, 1000);
  };
}
