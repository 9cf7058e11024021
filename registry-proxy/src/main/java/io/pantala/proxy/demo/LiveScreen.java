package io.pantala.proxy.demo;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A bar for each host, redrawn in place. */
final class LiveScreen extends Screen {
    private static final int WIDTH = 40;
    private static final String ESCAPE = "\u001b[";
    private static final String ERASE_LINE = ESCAPE + "K";
    private static final String GREEN = ESCAPE + "32m";
    private static final String BOLD = ESCAPE + "1m";
    private static final String DIM = ESCAPE + "2m";
    private static final String PLAIN = ESCAPE + "0m";
    private static final String[] EIGHTHS = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};

    private final boolean colours;
    private final boolean unicode;
    private int drawn;

    LiveScreen(PrintWriter out, boolean colours, boolean unicode) {
        super(out);
        this.colours = colours;
        this.unicode = unicode;
    }

    @Override
    void begin(String title) {
        line(strong(title));
        drawn = 0;
    }

    @Override
    void draw(Progress progress, long sent, Duration since) {
        List<String> lines = new ArrayList<>();
        for (int host = 0; host < progress.hosts(); host++) {
            double share = progress.share(host);
            lines.add(String.format(Locale.ROOT, "  host %-2d %s %3d %%", host + 1, bar(share), (int) (100 * share)));
        }
        lines.add(String.format(
                Locale.ROOT,
                "  %s delivered, %s sent by the registry, %s",
                bytes(progress.delivered()),
                strong(bytes(sent)),
                seconds(since)));
        redraw(lines);
    }

    @Override
    void end(Progress progress, long sent, Duration took) {
        draw(progress, sent, took);
        line("");
    }

    @Override
    String strong(String text) {
        return paint(BOLD, text);
    }

    private void redraw(List<String> lines) {
        StringBuilder frame = new StringBuilder();
        if (drawn > 0) {
            frame.append(ESCAPE).append(drawn).append('A');
        }
        for (String line : lines) {
            frame.append('\r').append(line).append(ERASE_LINE).append('\n');
        }
        drawn = lines.size();
        print(frame.toString());
    }

    private String bar(double share) {
        int eighths = (int) Math.round(share * WIDTH * 8);
        String full = (unicode ? "█" : "#").repeat(eighths / 8) + (unicode ? EIGHTHS[eighths % 8] : "");
        String rest = (unicode ? "·" : "-").repeat(WIDTH - full.length());
        return paint(GREEN, full) + paint(DIM, rest);
    }

    private String paint(String colour, String text) {
        return colours ? colour + text + PLAIN : text;
    }
}
