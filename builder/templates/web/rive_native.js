// In the place of the Rive plugin's script, which Flet's client would fetch from a public network.
// The promise stays open: Rive animations don't show, as without a network, and nothing else waits for them.
self.RiveNative = () => new Promise(() => {});
