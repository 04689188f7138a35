package dev.flet.shell;

import android.net.Uri;
import android.webkit.WebResourceRequest;
import android.webkit.WebResourceResponse;
import java.io.ByteArrayOutputStream;
import java.io.FileInputStream;
import java.io.InputStream;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.json.JSONArray;
import org.json.JSONObject;

/**
 * Asks Http as a page does, and writes what it answers: HOSTS CERTIFICATE HEADERS..., each of these a JSON object. Without
 * arguments it writes the script that the shell gives to a page.
 */
final class Asks implements WebResourceRequest {
    private final Map<String, String> headers = new HashMap<String, String>();

    private Asks(JSONObject given) throws Exception {
        for (Iterator<String> names = given.keys(); names.hasNext(); ) {
            String name = names.next();
            headers.put(name, given.getString(name));
        }
    }

    public static void main(String[] arguments) throws Exception {
        if (arguments.length == 0) {
            System.out.print(new Bridge(null, null).script());
            return;
        }
        trust(arguments[1]);
        Http http = new Http(arguments[0]);
        for (int number = 2; number < arguments.length; number++) {
            WebResourceResponse answer = http.answer(new Asks(new JSONObject(arguments[number])));
            ByteArrayOutputStream body = new ByteArrayOutputStream();
            InputStream stream = answer.getData();
            for (int next = stream.read(); next >= 0; next = stream.read()) {
                body.write(next);
            }
            JSONArray row = new JSONArray().put(answer.getStatusCode()).put(new JSONObject(answer.getResponseHeaders()));
            System.out.println(row.put(body.toString("UTF-8")));
        }
    }

    private static void trust(String certificate) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        FileInputStream file = new FileInputStream(certificate);
        store.setCertificateEntry("test", CertificateFactory.getInstance("X.509").generateCertificate(file));
        TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
        factory.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, factory.getTrustManagers(), null);
        HttpsURLConnection.setDefaultSSLSocketFactory(context.getSocketFactory());
    }

    @Override
    public Uri getUrl() {
        return Uri.parse(Site.ORIGIN + Http.PATH);
    }

    @Override
    public boolean isForMainFrame() {
        return false;
    }

    @Override
    public boolean isRedirect() {
        return false;
    }

    @Override
    public boolean hasGesture() {
        return false;
    }

    @Override
    public String getMethod() {
        return "GET";
    }

    @Override
    public Map<String, String> getRequestHeaders() {
        return headers;
    }
}
