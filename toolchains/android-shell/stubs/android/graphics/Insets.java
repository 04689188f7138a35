package android.graphics;

public final class Insets {
    public final int left = of();
    public final int top = of();
    public final int right = of();
    public final int bottom = of();

    private static native int of(); // a value that no compiler knows
}
