package android.os;

public class Build {
    public static class VERSION {
        public static final int SDK_INT = now();

        private static native int now(); // a value that no compiler knows
    }
}
