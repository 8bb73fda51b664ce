"""The camera register on its way in and out: 전국CCTV표준데이터 and files like it."""
