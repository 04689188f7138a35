package android.webkit;

public class ServiceWorkerClient {
    public ServiceWorkerClient() {}

    public native WebResourceResponse shouldInterceptRequest(WebResourceRequest request);
}
