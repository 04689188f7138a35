package android.os;

public class BaseBundle {
    public native String getString(String key);

    public native String getString(String key, String defaultValue);

    public native String[] getStringArray(String key);

    public native void putStringArray(String key, String[] value);
}
