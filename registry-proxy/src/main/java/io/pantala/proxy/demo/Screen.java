package io.pantala.proxy.demo;

import io.pantala.proxy.config.ByteSize;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Locale;

/** Where the demo is watched: a terminal, which shows bars that move, or anything else, which gets a line now and then. */
public abstract sealed class Screen permits LiveScreen, PlainScreen {
    private final PrintWriter out;

    Screen(PrintWriter out) {
        this.out = out;
    }

    /**
     * The screen that suits.
     *
     * @param terminal whether the cursor can be moved
     * @param colours whether colours are wanted
     * @param unicode whether more than ASCII can be shown
     */
    public static Screen of(PrintWriter out, boolean terminal, boolean colours, boolean unicode) {
        return terminal ? new LiveScreen(out, colours, unicode) : new PlainScreen(out);
    }

    /** A new round begins. */
    abstract void begin(String title);

    /** How far it is; called some ten times a second. */
    abstract void draw(Progress progress, long sent, Duration since);

    /** It is over. */
    abstract void end(Progress progress, long sent, Duration took);

    /** As it stands between rounds. */
    String strong(String text) {
        return text;
    }

    void line(String text) {
        out.println(text);
    }

    void print(String text) {
        out.print(text);
        out.flush();
    }

    static String seconds(Duration time) {
        return String.format(Locale.ROOT, "%.1f s", time.toMillis() / 1000.0);
    }

    static String bytes(long bytes) {
        return new ByteSize(bytes).toString();
    }
}
