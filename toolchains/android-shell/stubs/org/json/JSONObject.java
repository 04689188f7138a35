package org.json;

import java.util.Iterator;

public class JSONObject {
    public JSONObject(String json) throws JSONException {}

    public native String getString(String name) throws JSONException;

    public native Iterator<String> keys();

    public static native String quote(String data);
}
