package android.content.res;

import android.util.TypedValue;

public class Resources {
    public native Configuration getConfiguration();

    public final class Theme {
        public native void rebase();

        public native boolean resolveAttribute(int resid, TypedValue outValue, boolean resolveRefs);
    }
}
