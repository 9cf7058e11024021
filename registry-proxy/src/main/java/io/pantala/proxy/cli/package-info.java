/** The program: its commands, their exit codes and their last words. */
@NullMarked
package io.pantala.proxy.cli;

import org.jspecify.annotations.NullMarked;
