// Some WebViews refuse to compile WebAssembly while it streams in, though it comes with the right type; whole, it compiles.
for (const name of ["compile", "instantiate"]) {
  const streaming = WebAssembly[`${name}Streaming`].bind(WebAssembly);
  WebAssembly[`${name}Streaming`] = async (source, ...rest) => {
    const response = await source;
    try {
      return await streaming(response, ...rest);
    } catch (error) {
      console.warn(`WebAssembly.${name}Streaming: ${error}`);
      const whole = response.bodyUsed ? await fetch(response.url) : response;
      return WebAssembly[name](await whole.arrayBuffer(), ...rest);
    }
  };
}
