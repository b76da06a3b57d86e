/** The part of the phrase book that is about recordings. */
export const audioPhrases: Readonly<Record<string, string>> = {
  "nothing follows its ID3 tag": "ID3 标签之后没有内容",
  "the file ends in its ID3 tag": "文件在 ID3 标签中就结束了",

  "no AAC frames follow its beginning": "开头之后没有 AAC 帧",
  "the AAC file ends before its sound begins": "AAC 文件在声音开始之前就结束了",
  "ffmpeg could not decode its AAC: {}": "ffmpeg 无法解码其 AAC：{1}",
  "its AAC could not be decoded: {}": "无法解码其 AAC：{1}",
  "AAC of an unusual rate or number of channels": "采样率或声道数不常见的 AAC",
  "AAC whose channels are laid out in its packets ({})": "声道布局写在数据包中的 AAC（{1}）",
  "its AAC configuration has object type {}": "其 AAC 配置的对象类型为 {1}",
  "{}; of AAC, LC and HE are read": "{1}；AAC 中可读取 LC 和 HE",

  "Opus with {} channels; at most {} are read": "{1} 声道的 Opus；最多读取 {2} 声道",
  "its Opus header does not fit together": "其 Opus 头自相矛盾",
  "its Opus header does not say how its channels are coded": "其 Opus 头没有说明声道如何编码",
  "its Opus header says 0 channels": "其 Opus 头标明 0 个声道",
  "the header of its Opus stream is too short": "其 Opus 流的头过短",

  "Vorbis with {} channels; at most {} are read": "{1} 声道的 Vorbis；最多读取 {2} 声道",
  "Vorbis with {} samples a second": "每秒 {1} 个样本的 Vorbis",
  "a header of its Vorbis stream is too long": "其 Vorbis 流的某个头过长",
  "its Vorbis header says 0 channels or 0 samples a second": "其 Vorbis 头标明 0 个声道或每秒 0 个样本",
  "the headers of its Vorbis stream are not there": "缺少其 Vorbis 流的头",

  "AIFF with {} channels; at most {} are read": "{1} 声道的 AIFF；最多读取 {2} 声道",
  "AIFF with {}-bit samples": "{1} 位样本的 AIFF",
  "the AIFF file ends before its sound begins": "AIFF 文件在声音开始之前就结束了",
  "the AIFF file has no COMM chunk before its sound": "AIFF 文件在声音之前没有 COMM 块",
  "the AIFF header says 0 channels or 0 samples a second": "AIFF 头标明 0 个声道或每秒 0 个样本",
  "the COMM chunk of the AIFF file is too short": "AIFF 文件的 COMM 块过短",

  "its FLAC header says 0 samples a second": "其 FLAC 头标明每秒 0 个样本",
  "its FLAC stream information is too short": "其 FLAC 流信息过短",
  "the FLAC file ends before its sound begins": "FLAC 文件在声音开始之前就结束了",
  "the FLAC file has no stream information": "FLAC 文件没有流信息",

  "no MP3 frames follow its beginning": "开头之后没有 MP3 帧",
  "the MP3 file ends before its sound begins": "MP3 文件在声音开始之前就结束了",

  "MP4 with {} inside; AAC, Opus, FLAC and MP3 are read": "内含 {1} 的 MP4；可读取 AAC、Opus、FLAC 和 MP3",
  "its FLAC header says too few samples a second": "其 FLAC 头标明的每秒样本数过少",
  "its MP3 track has no rate that can be true": "其 MP3 音轨的采样率不可信",
  "its MP4 track does not say how it is coded": "其 MP4 音轨没有说明编码方式",
  "its MP4 track has no FLAC header": "其 MP4 音轨没有 FLAC 头",
  "its MP4 track has no Opus header": "其 MP4 音轨没有 Opus 头",
  "a header of the MP4 file is too long": "MP4 文件的某个头过长",
  "a header of the MP4 file is too short": "MP4 文件的某个头过短",
  "an MP4 file without sound": "没有声音的 MP4 文件",
  "its MP4 track has no tables": "其 MP4 音轨没有索引表",
  "the MP4 file has no header (moov); it was probably cut off": "MP4 文件没有头（moov）；可能被截断了",
  "the MP4 file has too many parts": "MP4 文件的部分过多",
  "its MP4 header names too many packets": "其 MP4 头列出的数据包过多",
  "the packets in its MP4 header cannot be true": "其 MP4 头中的数据包信息不可信",

  "Ogg with {} inside; Opus, Vorbis and FLAC are read": "内含 {1} 的 Ogg；可读取 Opus、Vorbis 和 FLAC",
  "a packet of the Ogg file is too long": "Ogg 文件的某个数据包过长",
  "the Ogg file ends before its sound begins": "Ogg 文件在声音开始之前就结束了",

  "Matroska with compressed or encrypted tracks": "音轨经过压缩或加密的 Matroska",
  "WebM or Matroska with {} inside; Opus, Vorbis, FLAC, MP3 and AAC are read":
    "内含 {1} 的 WebM 或 Matroska；可读取 Opus、Vorbis、FLAC、MP3 和 AAC",
  "a WebM or Matroska file without sound": "没有声音的 WebM 或 Matroska 文件",
  "its FLAC track has no stream information": "其 FLAC 音轨没有流信息",
  "the WebM file ends before its sound begins": "WebM 文件在声音开始之前就结束了",
};
