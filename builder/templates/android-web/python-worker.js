{% include "android-web/wasm.js" %}
{% if hosts %}
{% include "android-web/http.js" %}
{% endif %}
{% include "android-web/worker.js" %}
