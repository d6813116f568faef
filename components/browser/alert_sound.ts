let context: AudioContext | undefined;

/** Hz, one after the other. */
const TONES = [880, 1_174.66];
const TONE_SECONDS = 0.16;
const LOUDNESS = 0.12;

/**
 * Plays two short tones. Browsers keep a page silent until it was clicked or
 * typed in; nothing is heard before.
 */
export function playAlertSound(): void {
  if (typeof AudioContext === "undefined") return;
  context ??= new AudioContext();
  const { currentTime, destination } = context;
  context.resume().catch(() => {}); // silent until the page was clicked
  const gain = context.createGain();
  gain.connect(destination);
  const oscillator = context.createOscillator();
  oscillator.connect(gain);
  TONES.forEach((hz, i) => {
    const at = currentTime + i * TONE_SECONDS;
    oscillator.frequency.setValueAtTime(hz, at);
    gain.gain.setValueAtTime(LOUDNESS, at);
    gain.gain.exponentialRampToValueAtTime(0.001, at + TONE_SECONDS);
  });
  oscillator.start(currentTime);
  oscillator.stop(currentTime + TONES.length * TONE_SECONDS);
}
