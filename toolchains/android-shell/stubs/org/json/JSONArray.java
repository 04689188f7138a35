package org.json;

public class JSONArray {
    public JSONArray() {}

    public native JSONArray put(Object value);
}
